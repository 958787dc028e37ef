//! A plain program: it wants files, arguments and standard streams, which no source may have.

fn main() {
    println!("{:?}", std::env::args().collect::<Vec<_>>());
}
