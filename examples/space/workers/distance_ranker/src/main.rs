fn main() -> std::process::ExitCode {
    bedrock::run::<distance_ranker::DistanceRanker>()
}
