"""What a person sees of a run: the same facts as a live screen, as plain lines, or as JSON."""
