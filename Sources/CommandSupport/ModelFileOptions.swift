import ArgumentParser
import Diffusion
import Foundation
import ModelFiles

/// Flags that say how to read a model's files.
public struct ModelFileOptions: ParsableArguments {
  @Option(help: "Another autoencoder: a file or a folder.", completion: .file()) public var vae: String?
  @Option(
    help: "A folder with vocab.json and merges.txt, for a model that comes without.", completion: .directory)
  public var tokenizer: String?
  @Option(
    help: "What the U-Net predicts where the model does not say: epsilon, v_prediction or sample.", transform: named)
  public var prediction: PredictionType?
  @Flag(help: "Takes the averaged weights (model_ema) of the U-Net.") public var ema = false

  @OptionGroup public var form: VariantOption

  public init() {}

  /// How the files are to be read.
  public var options: PipelineFileOptions {
    var options = PipelineFileOptions()
    options.vae = vae.map { URL(fileURLWithPath: $0) }
    options.tokenizer = tokenizer.map { URL(fileURLWithPath: $0) }
    options.usesAverage = ema
    options.predictionType = prediction
    options.variant = form.variant
    return options
  }
}

/// The flag that chooses among several forms of one folder's weights.
public struct VariantOption: ParsableArguments {
  @Option(help: "Which weights of a folder that has several: fp16, bf16, non_ema, ... (the plain ones).")
  public var variant: String?

  public init() {}

  public func validate() throws {
    if let variant, variant.isEmpty || variant.contains("/") {
      throw ValidationError("--variant \(variant): must be a name, such as fp16")
    }
  }
}
