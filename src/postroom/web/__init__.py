"""What Postroom shows in a browser. It knows how things look, never how they are made."""
