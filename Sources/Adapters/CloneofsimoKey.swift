import Checkpoints

/// Keys of cloneofsimo's files, `unet:0:up`: a network, the position of a layer in it, and the matrix.
///
/// His older pickles are a list without names, up and down in turn, whose positions are the keys.
enum CloneofsimoKey {
  /// The module, its position and the tensor's role; nil for other keys.
  static func split(_ key: String) -> (module: String, location: ModuleLocation, part: AdapterPart)? {
    if let position = number(key) {
      return ("layer \(position / 2)", .ordinal(nil, position / 2), position % 2 == 0 ? .up : .down)
    }
    let parts = key.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let roles: [String: AdapterPart] = ["up": .up, "down": .down, "alpha": .alpha]
    guard parts.count == 3, let network = ModelPart(rawValue: parts[0]), let index = number(parts[1]),
      let part = roles[parts[2]]
    else { return nil }
    return ("\(parts[0]):\(index)", .ordinal(network, index), part)
  }

  private static func number(_ text: String) -> Int? {
    text.count < 6 && text.allSatisfy({ $0.isASCII && $0.isNumber }) ? Int(text) : nil
  }
}
