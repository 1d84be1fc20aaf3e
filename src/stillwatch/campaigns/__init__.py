"""Who acts together: links, linked sets, their judgement, and the campaigns that remain."""
