"""One module for each kind of data that a source's figure is reproduced on."""
