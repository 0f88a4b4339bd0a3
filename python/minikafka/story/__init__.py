"""Stories: pages of docs/learn whose command blocks run in the simulator and whose shown output is checked."""
