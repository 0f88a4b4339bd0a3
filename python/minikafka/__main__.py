"""`python -m minikafka` is the command `minikafka`."""

import sys

from minikafka.cli.main import main

sys.exit(main())
