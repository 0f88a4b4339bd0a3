"""The lab: claims about messages, each shown with a bad and a good configuration, and judged from both sides."""
