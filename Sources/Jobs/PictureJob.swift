import Conditioning
import Diffusion
import Generation
import ModelFiles
import Models

/// What a picture is to be made of; nil leaves a value to the layer below.
///
/// What is known of each value stands in `Setting.all`.
///
/// Layers, lowest first: the program's defaults, the pipeline's (`PictureJob(pipeline:)`), the metadata of a picture
/// (`--from`), the flags of the command, a line of a prompt file. `PictureJob.layered` puts them over each other.
public struct PictureJob: Sendable, Equatable {
  public var prompt: String?
  public var negativePrompt: String?
  /// A folder, a file or a pipeline's name.
  public var model: String?
  /// Another autoencoder's file or folder.
  public var vae: String?
  /// Which of several forms of a folder's weights is taken.
  public var variant: String?
  /// The folder of a single file's tokenizer.
  public var tokenizer: String?
  /// Whether a checkpoint's averaged weights are used.
  public var usesAverage: Bool?
  /// What the U-Net predicts, where the model does not say.
  public var predictionType: PredictionType?
  /// `PATH[:WEIGHT]` each.
  public var loras: [String]?
  /// Whether adapters are computed beside the weights instead of being added to them.
  public var isFactored: Bool?
  /// Files of textual inversions.
  public var embeddings: [String]?
  /// What weights of words do.
  public var emphasis: Emphasis?
  /// Names in `stylesFile` that are put around the prompts once all layers are known.
  public var styles: [String]?
  public var stylesFile: String?
  public var steps: Int?
  public var cfg: Float?
  /// Noise levels between which guidance acts.
  public var cfgInterval: NoiseInterval?
  public var guidanceRescale: Float?
  public var eta: Double?
  /// A sampler's name in any program's spelling, with or without a schedule at its end.
  public var sampler: String?
  /// A schedule's name in any program's spelling.
  public var schedule: String?
  /// Picture i of a job has this seed + i; nil draws one.
  public var seed: UInt64?
  /// Whether a seed is to be drawn in spite of one below.
  public var drawsSeed: Bool?
  public var stream: RandomStream?
  public var width: Int?
  public var height: Int?
  /// Pictures in all.
  public var count: Int?
  /// Layers skipped, as diffusers counts.
  public var clipSkip: Int?
  public var variationSeed: UInt64?
  public var variationStrength: Double?
  public var isSeamless: Bool?
  public var hiresScale: Double?
  public var hiresSteps: Int?
  public var hiresDenoise: Double?
  public var hiresUpscaler: HiresFix.Upscaler?
  /// The second pass's size in place of a scale.
  public var hiresResize: PixelSize?
  /// What `hiresSteps` counts.
  public var hiresCounting: StepCounting?
  /// The second pass's own, in any program's spelling.
  public var hiresSampler, hiresSchedule: String?
  public var hiresPrompt, hiresNegativePrompt: String?
  public var hiresCFG: Float?
  /// Networks that pull the picture towards something, and how strongly.
  public var guides = GuideJob()
  /// The picture it is made from, and how.
  public var edit = EditJob()
  /// A second prompt mixed in, at `blendShare` or in a strip of `frames`.
  public var toPrompt: String?
  /// 0 is the prompt alone, 1 the second one.
  public var blendShare: Double?
  /// The seed at the end of a strip.
  public var toSeed: UInt64?
  /// Pictures of a strip from prompt and seed to the second ones.
  public var frames: Int?
  /// The arithmetic a picture was made with.
  public var precision: Precision?
  /// Where one picture of a batch with a common generator (`torch-batch`) stood.
  public var batchPlace: BatchPlace?
  /// The name of the picture's file without its ending.
  public var fileName: String?
  /// The hash of the model a picture was made with; another one is worth a word.
  public var modelHash: String?

  public init() {}

  /// This job with another's values over its own.
  public func overlaid(by upper: PictureJob) -> PictureJob {
    var job = self
    for setting in Setting.all where setting.isVoid(in: self, under: upper) { setting.clear(&job) }
    for setting in Setting.all { setting.lay(upper, over: &job) }
    return job
  }

  /// Layers over each other, the lowest first.
  public static func layered(_ layers: [PictureJob]) -> PictureJob {
    layers.reduce(PictureJob()) { $0.overlaid(by: $1) }
  }
}

extension PictureJob {
  /// The layer of a pipeline.
  public init(pipeline spec: PipelineSpec) {
    self.init()
    steps = spec.steps
    cfg = spec.guidance
    guidanceRescale = spec.guidanceRescale
    eta = spec.eta
    sampler = spec.sampler?.rawValue
    (width, height) = (spec.width, spec.height)
  }
}
