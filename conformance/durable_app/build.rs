fn main() {
    bedrock_build::emit();
}
