"""Settings of the app, as Bedrock 0.5.0 makes them."""
from bedrock.config import get_all_by_prefix

prefix = "SHOP"

parameters = {
    "workers": {
        **{k.replace(f"{prefix}_WORKER_ARN_", "").lower(): v for k, v in get_all_by_prefix(f"{prefix}_WORKER_ARN_").items()}
    }
}
