"""Many accounts: where they come from, what is kept of them, and the engines that judge them."""
