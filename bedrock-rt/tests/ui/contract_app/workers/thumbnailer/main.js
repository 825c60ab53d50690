// A worker without a contract.
