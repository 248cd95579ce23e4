import ArgumentParser
import CommandSupport
import Foundation
import Jobs
import Training

/// How long and how fast.
struct ScheduleOptions: ParsableArguments {
  @Option(help: "Steps (400; 600 for the bundled model).") var steps: Int?
  @Option(help: "Times every picture is seen, instead of --steps.") var epochs: Int?
  @Option(help: "Pictures computed together (1; 8 for the bundled model).") var batch: Int?
  @Option(help: "Batches whose gradients make one step.") var accumulate = 1
  @Option(help: "Learning rate (1e-4; 2e-3 for the bundled model; 5e-3 for a word; a tenth with lion).") var lr: Double?
  @Option(help: "What becomes of the rate: constant, linear, cosine, cosine_with_restarts or polynomial.")
  var scheduler = Scheduler.cosine
  @Option(help: "How often the rate falls with cosine_with_restarts (1).") var cycles: Int?
  @Option(help: "Exponent of polynomial; 1 falls evenly, 2 fast at first (1).") var power: Double?
  @Option(help: "Steps until the rate is reached.") var warmup = 0
  @Option(help: "adamw, lion (half the memory) or muon.") var optimizer = OptimizerName.adamW
  @Option(help: "Decides what is drawn at random.", transform: unsigned) var seed: UInt64 = 0
  @Flag(help: "Computes blocks again for their gradients: less memory, more time.") var checkpointing =
    false
  @Option(name: .customLong("min-snr-gamma"), help: "Weights steps by min(SNR, gamma); 5 is usual.")
  var minSNRGamma: Float?
  @Option(help: "Noise of one value a channel, for dark and bright pictures; 0.05 is usual.") var noiseOffset: Float = 0
  @Option(help: ArgumentHelp("Prompts to draw while training, a line each.", valueName: "file")) var samplePrompts:
    String?
  @Option(help: "Steps between samples.") var sampleEvery: Int?
  @Option(help: "Steps between files written on the way (NAME-000200.safetensors).") var saveEvery: Int?

  /// Shapes of the rate.
  enum Scheduler: String, ExpressibleByArgument, CaseIterable {
    case constant, linear, cosine
    case restarts = "cosine_with_restarts"
    case polynomial
    /// kohya's name for the first with --warmup.
    case constantWithWarmup = "constant_with_warmup"

    var decay: LearningRate.Decay {
      switch self {
      case .constant, .constantWithWarmup: .constant
      case .linear: .linear
      case .cosine: .cosine
      case .restarts: .restarts
      case .polynomial: .polynomial
      }
    }
  }

  func validate() throws {
    if cycles != nil, scheduler != .restarts {
      throw ValidationError("--cycles needs --scheduler cosine_with_restarts")
    }
    if power != nil, scheduler != .polynomial { throw ValidationError("--power needs --scheduler polynomial") }
    if steps != nil, epochs != nil { throw ValidationError("give --steps or --epochs, not both") }
    if let epochs, !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs \(epochs): must be 1 to 1000000")
    }
  }

  /// The lines of the sample prompts' file.
  func prompts() throws -> [String] {
    guard let samplePrompts else { return [] }
    guard let text = try? String(contentsOfFile: samplePrompts, encoding: .utf8) else {
      throw ValidationError("--sample-prompts \(samplePrompts): cannot be read as UTF-8 text")
    }
    // Here the file's name and lines are known.
    if let error = PromptFile(text: text, path: samplePrompts).errors.first { throw error }
    return text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.hasPrefix("#") }
  }

  func loop(_ usual: UsualSettings) -> LoopSettings {
    let rate = lr ?? usual.rate * (optimizer == .lion ? 0.1 : 1)
    var loop = usual.loop(steps: steps, batch: batch, rate: rate)
    (loop.accumulate, loop.optimizer, loop.warmupSteps) = (accumulate, optimizer, warmup)
    (loop.decay, loop.cycles, loop.power) = (scheduler.decay, cycles, power)
    loop.seed = seed
    loop.sampleEvery = sampleEvery ?? loop.sampleEvery
    loop.writeEvery = saveEvery
    return loop
  }
}
