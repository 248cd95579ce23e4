import ArgumentParser
import Checkpoints
import Foundation
import Models
import NN
import SafeTensors
import TensorCore

/// Models of known shapes with random weights, for measuring.
enum BenchModels {
  /// Cheap random numbers; matrices are kept in `storage`, in files, as those of a checkpoint are: their pages go back to the
  /// system once they are repacked.
  private struct Weights: ParameterSource {
    let storage: DType
    let isInFiles: Bool
    let description = "random weights"
    let keys: [String] = []

    func shape(of key: String) -> [Int]? { nil }

    func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
      let count = shape.reduce(1, *)
      let scale: Float
      switch initializer {
      case .zeros: return .zeros(shape)
      case .ones: return Tensor(repeating: 1, shape: shape)
      case .uniform(let bound): scale = bound
      case .normal(let deviation): scale = deviation * 1.7
      }
      var state = UInt64(count) | 1
      let values = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
        for i in 0..<count {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          buffer[i] = (Float(state >> 40) * 0x1p-23 - 1) * scale
        }
        filled = count
      }
      let tensor = Tensor(values, shape: shape)
      return shape.count > 1 ? mapped(tensor.cast(to: storage)) : tensor
    }

    /// The same numbers in a file without a name; the tensor itself where none can be written.
    private func mapped(_ tensor: Tensor) -> Tensor {
      guard isInFiles, tensor.count > 1 << 16 else { return tensor }
      let url = FileManager.default.temporaryDirectory.appendingPathComponent("imago-bench-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: url) }
      guard (try? tensor.withBytes({ try Data($0).write(to: url) })) != nil,
        let file = try? MappedFile(path: url.path), let start = file.bytes.baseAddress
      else { return tensor }
      return Tensor(mapped: start, shape: tensor.shape, dtype: tensor.dtype, owner: file)
    }
  }

  static func store(training: Bool, precision: DType) -> ParameterStore {
    ParameterStore(Weights(storage: training ? .f32 : precision, isInFiles: !training), isTrainable: { _ in training })
  }

  /// The U-Net of Stable Diffusion 1.5.
  static var stableDiffusionUNet: UNet2DConditionConfig {
    var config = UNet2DConditionConfig()
    config.crossAttentionDim = 768
    return config
  }

  /// The unconditional U-Net on 128×128 pixels of diffusers' training tutorial, 113.7 M parameters.
  static var pixelUNet: UNet2DConfig {
    var config = UNet2DConfig()
    config.sampleSize = 128
    config.layersPerBlock = 2
    config.blockOutChannels = [128, 128, 256, 256, 512, 512]
    config.downBlockTypes = [
      "DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D", "AttnDownBlock2D", "DownBlock2D",
    ]
    config.upBlockTypes = [
      "UpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D",
    ]
    return config
  }

  /// A U-Net of the bundled model's kind, 17.8 M parameters.
  static var smallUNet: UNet2DConditionConfig {
    var config = UNet2DConditionConfig()
    config.sampleSize = 16
    config.blockOutChannels = [96, 192, 224]
    config.layersPerBlock = .one(1)
    config.downBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"]
    config.upBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]
    config.attentionHeadDim = .many([4, 8, 8])
    config.crossAttentionDim = 192
    return config
  }

  /// The same with scales and shifts by the time, pooled text and eight channels of latents.
  static var scaleShiftUNet: UNet2DConditionConfig {
    var config = smallUNet
    config.blockOutChannels = [112, 192, 192]
    (config.inChannels, config.outChannels, config.normNumGroups) = (8, 8, 16)
    (config.resnetTimeScaleShift, config.additionEmbedType, config.additionEmbedTypeNumHeads) = (.scaleShift, "text", 8)
    return config
  }

  /// The text encoder beside it: three layers, 192 wide, 14 tokens.
  static var smallText: CLIPTextConfig {
    var config = CLIPTextConfig()
    config.vocabularySize = 1024
    config.hiddenSize = 192
    config.intermediateSize = 768
    config.layerCount = 3
    config.headCount = 4
    config.positionCount = 14
    config.activation = .gelu
    return config
  }
}

/// The U-Nets a small training step can be of.
enum SmallNetwork: String, CaseIterable, ExpressibleByArgument {
  case plain
  case scaleShift = "scale-shift"

  var config: UNet2DConditionConfig {
    switch self {
    case .plain: BenchModels.smallUNet
    case .scaleShift: BenchModels.scaleShiftUNet
    }
  }
}
