//! An app with durable workers, whose tests are those of durable workers in `bedrock::test`. AWS's SDKs are the pinned
//! test tools.
