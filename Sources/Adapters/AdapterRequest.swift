import Checkpoints
import Foundation

/// An adapter the user asked for: a file and how strongly it acts.
public struct AdapterRequest: Sendable, Hashable {
  public var path: String
  /// Multiplies the change of the U-Net; 1 is what the adapter was trained for.
  public var weight: Float
  /// Multiplies the change of the text encoders; the same as `weight` if nil.
  public var textWeight: Float?

  public init(path: String, weight: Float = 1, textWeight: Float? = nil) {
    self.path = path
    self.weight = weight
    self.textWeight = textWeight
  }

  /// Reads `PATH`, `PATH:WEIGHT` or `PATH:WEIGHT:TEXTWEIGHT`, as the setting `lora` has it.
  /// - Throws: `badRequest` for an empty path or a weight that is not finite.
  public init(argument: String) throws(AdapterError) {
    var parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var numbers: [Float] = []
    while parts.count > 1, numbers.count < 2, let number = Float(parts[parts.count - 1]) {
      numbers.insert(number, at: 0)
      parts.removeLast()
    }
    let path = parts.joined(separator: ":")
    guard !path.isEmpty else {
      throw .badRequest(text: argument, reason: "has no file: write PATH or PATH:WEIGHT")
    }
    guard numbers.allSatisfy(\.isFinite) else {
      throw .badRequest(text: argument, reason: "its weight is not a finite number")
    }
    self.init(path: path, weight: numbers.first ?? 1, textWeight: numbers.count > 1 ? numbers[1] : nil)
  }

  /// An adapter by its name.
  /// - Parameters:
  ///   - name: looked up in `folders`.
  /// - Throws: `notFound` for an unknown name.
  public init(name: String, weight: Float, textWeight: Float, folders: AdapterFolders) throws(AdapterError) {
    self.init(path: try folders.find(name).path, weight: weight, textWeight: textWeight)
  }

  /// The factor for one network's change.
  func weight(for network: ModelPart) -> Float { network == .unet ? weight : textWeight ?? weight }
}
