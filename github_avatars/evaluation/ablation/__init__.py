"""Our features beside other ways to tell the labels apart: the same pictures, the same splits, the same scores."""
