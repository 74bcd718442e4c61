use std::process::ExitCode;

fn main() -> ExitCode {
    billpay_cli::main()
}
