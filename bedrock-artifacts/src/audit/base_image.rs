//! The Amazon Linux image of a Lambda runtime: its glibc, and the shared libraries that it contains.
//!
//! The lists were taken from AWS's container images, which contain the packages of the managed runtimes. A library that is
//! missing here costs the user a line in `allow`; a library that is listed by mistake makes a worker fail.

use super::binary::Version;

/// The operating system of a Lambda runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LambdaBaseImage {
    /// Amazon Linux 2023: `provided.al2023`, Python 3.12 and newer, Node.js 20 and newer.
    AmazonLinux2023,
    /// Amazon Linux 2: `provided.al2`, Python 3.11 and older, Node.js 18.
    AmazonLinux2,
}

impl LambdaBaseImage {
    /// Returns the image of a Lambda runtime, for example `python3.13`. Unknown runtimes are assumed to be new.
    pub fn for_runtime(runtime: &str) -> Self {
        let minor =
            |name: &str| runtime.strip_prefix(name).and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        let is_old = runtime == "provided.al2"
            || minor("python3.").is_some_and(|minor| minor < 12)
            || minor("nodejs").is_some_and(|major| major < 20);
        if is_old { Self::AmazonLinux2 } else { Self::AmazonLinux2023 }
    }

    /// Returns the version of its glibc.
    pub fn glibc(self) -> Version {
        match self {
            Self::AmazonLinux2023 => Version(2, 34, 0),
            Self::AmazonLinux2 => Version(2, 26, 0),
        }
    }

    /// Returns whether the image contains a shared library. `library` is its `DT_NEEDED` name.
    pub fn has(self, library: &str) -> bool {
        let own = match self {
            Self::AmazonLinux2023 => AMAZON_LINUX_2023.as_slice(),
            Self::AmazonLinux2 => AMAZON_LINUX_2.as_slice(),
        };
        GLIBC.contains(&library) || COMPILER.contains(&library) || own.contains(&library) || is_python(library)
    }
}

/// Libraries of the package `glibc`. Since 2.34, some of them are empty and kept for compatibility.
const GLIBC: [&str; 13] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libanl.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libthread_db.so.1",
    "libutil.so.1",
    "linux-vdso.so.1",
];

/// Libraries of the packages `libgcc` and `libstdc++`.
const COMPILER: [&str; 2] = ["libgcc_s.so.1", "libstdc++.so.6"];

/// Other libraries of the minimal image, which has no `libxcrypt`, `expat` or `libatomic`.
/// Source: the package lists of `lambda/python:3.12` (amazonlinux/amazon-linux-2023#585) and `lambda/nodejs:20`
/// (aws/aws-lambda-base-images#173).
const AMAZON_LINUX_2023: [&str; 32] = [
    "libacl.so.1",
    "libarchive.so.13",
    "libattr.so.1",
    "libblkid.so.1",
    "libbz2.so.1",
    "libcom_err.so.2",
    "libcrypto.so.3",
    "libcurl.so.4",
    "libffi.so.8",
    "libgcrypt.so.20",
    "libgio-2.0.so.0",
    "libglib-2.0.so.0",
    "libgmodule-2.0.so.0",
    "libgmp.so.10",
    "libgobject-2.0.so.0",
    "libgpg-error.so.0",
    "libgssapi_krb5.so.2",
    "libgthread-2.0.so.0",
    "libidn2.so.0",
    "libk5crypto.so.3",
    "libkrb5.so.3",
    "liblz4.so.1",
    "liblzma.so.5",
    "libmount.so.1",
    "libnghttp2.so.14",
    "libssl.so.3",
    "libunistring.so.2",
    "libuuid.so.1",
    "libxml2.so.2",
    "libyaml-0.so.2",
    "libz.so.1",
    "libzstd.so.1",
];

/// Other libraries that programs link to on Amazon Linux 2 (lambgeo/docker-lambda#34).
const AMAZON_LINUX_2: [&str; 8] = [
    "libbz2.so.1",
    "libcrypt.so.1",
    "libcrypto.so.10",
    "libcurl.so.4",
    "liblzma.so.5",
    "libssl.so.10",
    "libxml2.so.2",
    "libz.so.1",
];

/// Returns whether a library is the one of the Python interpreter, which is in `/var/lang/lib`.
fn is_python(library: &str) -> bool {
    library.starts_with("libpython3.") && library.contains(".so")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_map_to_their_amazon_linux_version() {
        for runtime in ["provided.al2023", "python3.12", "python3.14", "nodejs20.x", "nodejs24.x", "python4.0"] {
            assert_eq!(LambdaBaseImage::for_runtime(runtime), LambdaBaseImage::AmazonLinux2023, "{runtime}");
        }
        for runtime in ["provided.al2", "python3.9", "python3.11", "nodejs18.x"] {
            assert_eq!(LambdaBaseImage::for_runtime(runtime), LambdaBaseImage::AmazonLinux2, "{runtime}");
        }
    }

    #[test]
    fn base_images_list_their_libraries() {
        for library in ["libc.so.6", "libstdc++.so.6", "libz.so.1", "libpython3.13.so.1.0"] {
            assert!(
                LambdaBaseImage::AmazonLinux2023.has(library) && LambdaBaseImage::AmazonLinux2.has(library),
                "{library}"
            );
        }
        assert!(
            LambdaBaseImage::AmazonLinux2023.has("libssl.so.3") && !LambdaBaseImage::AmazonLinux2.has("libssl.so.3")
        );
        assert!(
            LambdaBaseImage::AmazonLinux2.has("libcrypt.so.1")
                && !LambdaBaseImage::AmazonLinux2023.has("libcrypt.so.1")
        );
        for library in ["libGL.so.1", "libc.musl-x86_64.so.1", "libc.so", "libz.so"] {
            assert!(
                !LambdaBaseImage::AmazonLinux2023.has(library) && !LambdaBaseImage::AmazonLinux2.has(library),
                "{library}"
            );
        }
    }
}
