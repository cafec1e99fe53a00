"""All communication with GitHub: avatars, REST lists, rate limits, and the checked HTTP transport below them."""
