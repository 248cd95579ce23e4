import Conditioning

extension Emphasis {
  /// As AUTOMATIC1111 writes it, where it has the rule.
  var displayName: String {
    switch self {
    case .original: "Original"
    case .noNorm: "No norm"
    case .comfy: "ComfyUI"
    case .ignore: "Ignore"
    case .none: "None"
    }
  }

  /// Reads a flag's name or AUTOMATIC1111's, whatever its case and punctuation; nil for no rule.
  public init?(anyName text: String) {
    func key(_ name: String) -> String { name.lowercased().filter(\.isLetter) }
    let found = Self.allCases.first { [key($0.rawValue), key($0.displayName)].contains(key(text)) }
    guard let found else { return nil }
    self = found
  }
}
