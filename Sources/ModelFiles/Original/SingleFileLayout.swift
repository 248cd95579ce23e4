import Checkpoints
import SafeTensors

/// What a U-Net's input is, besides the noisy latents.
public enum ModelKind: String, Sendable, Codable {
  case textToImage = "text to image"
  /// Mask and masked picture: 9 channels.
  case inpainting
  /// The picture to change: 8 channels (InstructPix2Pix).
  case instruction

  /// The kind of a U-Net with so many input and output channels; nil if there is none.
  public init?(inputs: Int, outputs: Int) {
    switch inputs {
    case outputs: self = .textToImage
    case 2 * outputs + 1: self = .inpainting
    case 2 * outputs: self = .instruction
    default: return nil
    }
  }
}

/// Where a single-file checkpoint keeps each network, and of what size it is: all that keys and shapes tell.
public struct SingleFileLayout: Sendable {
  public let family: ModelFamily
  let traits: any StableDiffusionTraits
  public let kind: ModelKind
  public let unet: UNetStructure
  /// nil if the file has no autoencoder.
  public let vae: AutoencoderStructure?
  /// One, two, or none if the file is a U-Net alone.
  public let textEncoders: [TextEncoderStructure]
  public let file: TensorFile

  private static let unetPrefix = "model.diffusion_model."

  /// What an autoencoder in the file lacks, where only half of one is there.
  public let autoencoderProblem: String?

  /// Reads the structure off a file's keys and shapes.
  /// - Throws: `CheckpointError` for other kinds of files, by name where they are known.
  public init(_ file: TensorFile) throws(CheckpointError) {
    self.file = file
    let shapes = ShapeTable(file)
    if let name = Self.otherModel(shapes) {
      throw .unsupported(path: file.path, what: "holds \(name), which this version does not run")
    }
    guard let unet = UNetStructure(shapes.under(Self.unetPrefix)) else {
      if let adapter = AdapterSummary(file) {
        throw .unsupported(
          path: file.path,
          what:
            "holds \(adapter.kinds.joined(separator: " and ")) adapters, no model: name the model they were made for "
            + "with --model, and this file with --lora")
      }
      throw .unsupported(
        path: file.path,
        what: "holds no Stable Diffusion checkpoint: \(file.keys.count) tensors, none of them "
          + "\(Self.unetPrefix)input_blocks.0.0.weight of a complete U-Net")
    }
    self.unet = unet
    vae = AutoencoderStructure.find(shapes)
    autoencoderProblem = vae == nil ? AutoencoderStructure.missingHalf(shapes) : nil
    textEncoders = TextEncoderStructure.find(shapes)
    guard let (family, traits) = Self.family(unet, textEncoders) else {
      throw .unsupported(
        path: file.path, what: "has a U-Net for texts of width \(unet.contextWidth), known are 768, 1024 and 2048")
    }
    (self.family, self.traits) = (family, traits)
    guard let kind = ModelKind(inputs: unet.inputChannels, outputs: unet.outputChannels) else {
      throw .unsupported(
        path: file.path,
        what: "has a U-Net of \(unet.inputChannels) input channels (5 is the depth model); this version runs 4, 8 and 9"
      )
    }
    self.kind = kind
  }

  /// The weights of a part under diffusers' names; nil if the file does not have it.
  /// - Parameter averaged: the running average of the U-Net's weights in place of the last ones.
  public func source(_ part: ModelPart, averaged: Bool = false) -> CheckpointSource? {
    switch part {
    case .unet:
      averaged
        ? CheckpointSource(file, prefix: AveragedUNetKeys.prefix, map: AveragedUNetKeys(plain: unet.keys))
        : CheckpointSource(file, prefix: Self.unetPrefix, map: unet.keys)
    case .transformer: nil
    case .vae: vae.map { CheckpointSource(file, prefix: $0.prefix, map: $0.keys) }
    case .textEncoder: textEncoders.first.map { CheckpointSource(file, prefix: $0.prefix, map: $0.keys) }
    case .textEncoder2:
      textEncoders.count > 1
        ? CheckpointSource(file, prefix: textEncoders[1].prefix, map: textEncoders[1].keys) : nil
    }
  }

  /// Tensors that are left out although they are weights of something, in one line; nil if there are none.
  /// - Parameter averaged: whether the running average is used.
  public func surplusNote(averaged: Bool = false) -> String? {
    let sources = ModelPart.allCases.compactMap { source($0) }
    let harmless = file.keys.filter { HarmlessKeys.contains($0) }
    return SurplusTensors(harmless + sources.flatMap(\.unneededKeys), usesAverage: averaged).note
  }

  /// Whether the file has a running average of the U-Net's weights.
  public var hasAverage: Bool {
    file.shape(of: AveragedUNetKeys.prefix + AveragedUNetKeys.averaged("input_blocks.0.0.weight")) != nil
  }

  /// Keys of no part that are not known to be harmless either.
  public var strayKeys: [String] {
    let prefixes = [Self.unetPrefix] + (vae.map { [$0.prefix] } ?? []) + textEncoders.map(\.prefix)
    // Half an autoencoder is told as such.
    let halves = autoencoderProblem == nil ? [] : ["first_stage_model.", "vae."]
    return file.keys.filter { key in
      !(prefixes + halves).contains { key.hasPrefix($0) } && !HarmlessKeys.contains(key)
    }
  }

  private static func family(
    _ unet: UNetStructure, _ encoders: [TextEncoderStructure]
  ) -> (ModelFamily, any StableDiffusionTraits)? {
    for family in ModelFamily.inOrderOfClaims {
      guard let traits = family.traits as? any StableDiffusionTraits else { continue }
      if traits.claims(unet, encoders) { return (family, traits) }
    }
    return nil
  }

  /// Models of other architectures, by keys only they have.
  private static func otherModel(_ shapes: ShapeTable) -> String? {
    let marks = [
      ("joint_blocks.0.", "Stable Diffusion 3"), ("double_blocks.0.", "Flux"),
      ("model.diffusion_model.joint_blocks.0.", "Stable Diffusion 3"),
      ("model.diffusion_model.double_blocks.0.", "Flux"),
      ("conditioner.embedders.0.model.transformer.resblocks.0.", "the SDXL refiner"),
      ("control_model.", "a ControlNet"), ("model.diffusion_model.time_stack", "a video model"),
      ("model.diffusion_model.effnet_mapper", "Stable Cascade"), ("depth_model.", "the depth model of SD 2"),
    ]
    return marks.first { shapes.hasKey(under: $0.0) }?.1
  }
}
