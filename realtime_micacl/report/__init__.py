"""One page that shows a recording: HTML that asks nobody for anything."""
