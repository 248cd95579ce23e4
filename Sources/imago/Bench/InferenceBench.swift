import ArgumentParser
import CommandSupport
import Foundation
import Generation
import Models
import NN
import TensorCore

/// Flags of the benchmarks.
struct BenchOptions: ParsableArguments {
  @Option(help: "Timed runs after a warm-up; the best and the median are printed.") var runs = 3
  @OptionGroup var compute: ComputeOptions

  var dtype: DType { compute.chosenPrecision.dtype }

  func validate() throws { try BenchLimits.check("--runs", runs, 1...1000) }

  /// Measures `work` under these flags and prints the figure.
  func report(
    _ what: String, size: Int, batch: Int, complete: (inout BenchFigure) -> Void = { _ in }, _ work: () throws -> Void
  ) throws {
    var figure = try BenchFigure.measure(
      what, size: size, batch: batch, precision: compute.chosenPrecision.rawValue, runs: runs, work)
    complete(&figure)
    try figure.print(json: compute.json)
  }

  func run(_ work: () throws -> Void) throws {
    try reportingFailures { try compute.run(work) }
  }
}

extension Bench {
  /// One call of the U-Net; batch 2 is a guided step.
  struct UNetCall: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "unet", abstract: "One call of Stable Diffusion 1.5's U-Net; batch 2 is a guided step.",
      usage: "imago bench unet [<options>]")
    @Option(help: "Side of the picture.") var size = 512
    @Option(help: "Rows of the call.") var batch = 2
    @OptionGroup var options: BenchOptions

    func validate() throws {
      try BenchLimits.check(size: size)
      try BenchLimits.check(batch: batch)
    }

    func run() throws {
      try options.run {
        try BenchMemory.unet.check(size: size, batch: batch, options)
        try options.report("unet", size: size, batch: batch, Bench.unetCall(size: size, batch: batch, options))
      }
    }
  }

  /// A call of Stable Diffusion 1.5's U-Net on noise.
  static func unetCall(size: Int, batch: Int, _ options: BenchOptions) -> () -> Void {
    let dtype = options.dtype
    let unet = UNet2DConditionModel(
      BenchModels.store(training: false, precision: dtype).root, BenchModels.stableDiffusionUNet)
    let source = RandomInitialization(seed: 1)
    let x = Bench.normal(source, [batch, size / 8, size / 8, 4]).cast(to: dtype)
    let context = Bench.normal(source, [batch, 77, 768])
    let products = options.compute.chosenPrecision.products
    return {
      ProductArithmetic.$current.withValue(products) {
        _ = unet(x, timesteps: Array(repeating: 500, count: batch), encoderHiddenStates: context)
      }
    }
  }

  /// Latents to a picture.
  struct VAEDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "vae-decode", abstract: "Stable Diffusion's autoencoder: latents to a picture.",
      usage: "imago bench vae-decode [<options>]")
    @Option(help: "Side of the picture.") var size = 512
    @OptionGroup var options: BenchOptions

    func validate() throws { try BenchLimits.check(size: size) }

    func run() throws {
      try options.run {
        try BenchMemory.decode.check(size: size, batch: 1, options)
        let vae = Bench.autoencoder(options.dtype)
        let z = Bench.normal(RandomInitialization(seed: 1), [1, size / 8, size / 8, 4]).cast(to: options.dtype)
        // As pictures are made: large ones in bands of rows.
        try options.report("vae-decode", size: size, batch: 1) {
          _ = size > 1024 ? vae.decodeInBands(z) : vae.decode(z)
        }
      }
    }
  }

  /// A picture to latents.
  struct VAEEncode: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "vae-encode", abstract: "Stable Diffusion's autoencoder: a picture to latents.",
      usage: "imago bench vae-encode [<options>]")
    @Option(help: "Side of the picture.") var size = 512
    @OptionGroup var options: BenchOptions

    func validate() throws { try BenchLimits.check(size: size) }

    func run() throws {
      try options.run {
        try BenchMemory.encode.check(size: size, batch: 1, options)
        let vae = Bench.autoencoder(options.dtype)
        let x = Bench.normal(RandomInitialization(seed: 1), [1, size, size, 3]).cast(to: options.dtype)
        try options.report("vae-encode", size: size, batch: 1) { _ = vae.encode(x).mean }
      }
    }
  }

  static func normal(_ source: RandomInitialization, _ shape: [Int]) -> Tensor {
    source.tensor("\(shape)", shape: shape, initializer: .normal(deviation: 1)) ?? .zeros(shape)
  }

  private static func autoencoder(_ dtype: DType) -> AutoencoderKL {
    var config = AutoencoderKLConfig()
    config.sampleSize = 512
    return AutoencoderKL(BenchModels.store(training: false, precision: dtype).root, config)
  }
}
