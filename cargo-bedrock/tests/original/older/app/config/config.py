"""Settings of the app."""
import os

prefix = "STAR_MAP"

parameters = {
    "db": {
        "host": os.environ.get(f"{prefix}_DB_HOST", "localhost"),
        "port": 5432,
    },
    # Functions that endpoints call.
    "lambdas": {
        "mailer": os.environ.get(f"{prefix}_LAMBDA_MAILER", "")
    },
    "log_level": "INFO",
}
