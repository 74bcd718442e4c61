use std::process::ExitCode;

fn main() -> ExitCode {
    billpay::cli::main()
}
