"""What can be proved: claims with their null hypothesis, statistic and guarantee."""
