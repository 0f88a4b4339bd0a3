"""What can happen to messages: one scenario per file, each a function that runs it and returns what it saw.

The tests assert on the result. A fault is placed by an event (so many acknowledgements
heard), never by the clock.
"""
