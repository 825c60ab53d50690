//! Frames that a host process sends: the first byte says where they are split, the second how large a frame may be.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (u8, u8, &[u8])| {
    let (split, limit, bytes) = input;
    bedrock_local::fuzzing::host_frames(bytes, split.into(), limit.into());
});
