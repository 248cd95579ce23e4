import ArgumentParser
import Conditioning
import Models
import TensorCore

extension Precision: ExpressibleByArgument {}

/// Flags every computing command has: what does the arithmetic, and how much is said.
public struct ComputeOptions: ParsableArguments {
  @Option(
    help: "Arithmetic of the networks: f32, bf16 or int8, the U-Net's products in 8 bits (bf16 where it is fast).")
  public var precision: Precision?

  @Option(help: "What computes: onednn, openblas or reference (the best available).")
  public var backend: String?

  @Option(parsing: .unconditional, help: "Threads (all cores).", transform: whole)
  public var threads: Int?

  @Flag(help: "Says nothing on stderr but errors.")
  public var quiet = false

  @Flag(help: "Prints one JSON object per result on stdout.")
  public var json = false

  public init() {}

  public func validate() throws {
    if let backend, Device.named(backend) == nil {
      throw ValidationError(
        "--backend \(backend): there is none of that name; there are \(Device.names.joined(separator: ", "))")
    }
    if let threads, threads < 1 || threads > 1024 {
      throw ValidationError("--threads \(threads): must be 1 to 1024")
    }
  }

  /// The arithmetic to use.
  public var chosenPrecision: Precision { precision ?? .best }

  /// Sets threads and device for `work`, after the line that says what computes.
  /// - Parameter precision: what `work` uses; nil for `chosenPrecision`.
  public func run<R>(precision: Precision? = nil, _ work: () throws -> R) throws -> R {
    if let threads { Processor.threads = threads }
    let device = backend.flatMap(Device.named) ?? .best
    if let reason = device.unavailableReason {
      throw GenerationError.unsupported(what: "--backend \(device.name): \(reason)")
    }
    if (precision ?? chosenPrecision).products == .int8, let reason = device.noInt8Reason {
      throw GenerationError.unsupported(what: "--precision int8: \(reason)")
    }
    if !quiet {
      Terminal.error("\(device.name): \(device.kernels.summary), \((precision ?? chosenPrecision).rawValue)")
    }
    return try Device.$current.withValue(device) { try work() }
  }
}
