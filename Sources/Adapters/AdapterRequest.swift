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

  /// Reads `PATH`, `PATH:WEIGHT` or `PATH:WEIGHT:TEXTWEIGHT`, as `--lora` takes it.
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

  /// Reads a prompt's `<lora:name:…>`: what follows the name is `text[:unet]`, or `te=…` and `unet=…`, as in
  /// AUTOMATIC1111. The U-Net's weight defaults to the text encoder's, that to 1.
  /// - Parameters:
  ///   - name: the adapter's name, looked up in `folders`.
  ///   - arguments: the tag's parts after the name.
  /// - Throws: `badRequest` for a part that is no number, `notFound` for an unknown name.
  public init(name: String, arguments: [String], folders: AdapterFolders) throws(AdapterError) {
    let tag = ([name] + arguments).joined(separator: ":")
    var weights: [String: Float] = [:]
    for (position, argument) in arguments.enumerated() {
      let pair = argument.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      let key = pair.count == 2 ? pair[0] : ["te", "unet", "dyn"][min(position, 2)]
      guard let value = pair.last.flatMap({ Float($0) }), value.isFinite, ["te", "unet"].contains(key) else {
        throw .badRequest(text: "<lora:\(tag)>", reason: "\"\(argument)\" is not a weight: write <lora:name:0.8>")
      }
      weights[key] = value
    }
    let text = weights["te"] ?? 1
    let file = try folders.find(name)
    self.init(path: file.path, weight: weights["unet"] ?? text, textWeight: text)
  }

  /// The factor for one network's change.
  func weight(for network: ModelPart) -> Float { network == .unet ? weight : textWeight ?? weight }
}
