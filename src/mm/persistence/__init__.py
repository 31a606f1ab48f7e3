"""What outlives the process: the recording of events and commands."""
