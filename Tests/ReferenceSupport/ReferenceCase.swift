import Checkpoints
import Foundation
import Models
import NN
import TensorCore
import TestSupport

/// One folder of `Fixtures/reference`: small models with what diffusers computes with them.
public struct ReferenceCase {
  /// The folder whose weights stand in where another folder leaves out equal ones.
  public static let base = "sd1_tiny"

  public let name: String
  public let expected: TensorFile

  public init(_ name: String) throws {
    self.name = name
    expected = try TensorFile(fixtureURL("reference/\(name)/expected.safetensors"))
  }

  /// The case's folder.
  public var url: URL { fixtureURL("reference/\(name)") }

  /// Values as stored.
  public func floats(_ key: String) throws -> [Float] { try expected.tensor(key).floats() }

  /// A stored `[B, C, H, W]` as `[B, H, W, C]`.
  public func image(_ key: String) throws -> Tensor {
    let tensor = try expected.tensor(key)
    return Tensor(channelsFirst: tensor.floats(), shape: tensor.shape)
  }

  /// A stored tensor on the current device.
  public func tensor(_ key: String) throws -> Tensor {
    let tensor = try expected.tensor(key)
    return Tensor(tensor.floats(), shape: tensor.shape)
  }

  /// Stored token ids, one row a text.
  public func ids(_ key: String) throws -> [[Int32]] {
    let tensor = try expected.tensor(key)
    let values = tensor.floats().map { Int32($0) }
    let length = tensor.shape[1]
    return stride(from: 0, to: values.count, by: length).map { Array(values[$0..<($0 + length)]) }
  }

  /// A model with its parameters: the configuration from this case, weights from here or from the
  /// base case.
  public func load<Model, Config: Decodable>(
    _ part: String, _ config: Config.Type, isTrainable: Bool = false,
    _ build: (ParameterPath, [String], Config) throws -> Model
  ) throws -> (model: Model, parameters: [Parameter]) {
    let own = part.isEmpty ? url : url.appendingPathComponent(part)
    let settings = try ModelFolder(own).decode(Config.self)
    let names = try FileManager.default.contentsOfDirectory(atPath: own.path)
    let hasWeights = names.contains { $0.hasSuffix(".safetensors") }
    let folder = hasWeights ? own : fixtureURL("reference/\(Self.base)/\(part)")
    return try ModelFolder(folder).load(
      isTrainable: { _ in isTrainable }, { try build($0, $1, settings) })
  }
}

// MARK: - The models by name

extension ReferenceCase {
  public func conditionalUNet() throws -> UNet2DConditionModel {
    try load("unet", UNet2DConditionConfig.self) { UNet2DConditionModel($0, $2) }.model
  }

  public func autoencoder() throws -> AutoencoderKL {
    try load("vae", AutoencoderKLConfig.self) { AutoencoderKL($0, $2) }.model
  }

  public func textEncoder() throws -> CLIPTextModel {
    try load("text_encoder", CLIPTextConfig.self) {
      CLIPTextModel($0, $2, prefixed: CLIPTextModel.isPrefixed($1))
    }.model
  }
}
