import Models
import TensorCore

/// Classes for texts: a prompt is the name of one. For networks that are told classes and read no words.
public struct ClassNames: TextEncoding {
  /// By their numbers. A class may have several names, separated by commas, as ImageNet's have.
  public let names: [String]
  /// The class that stands for none, which guidance measures from; nil if the network was always told one.
  public let noClass: Int?

  public init(_ names: [String], noClass: Int?) { (self.names, self.noClass) = (names, noClass) }

  public var tokenCount: Int { 0 }
  public var contextWidth: Int? { nil }
  public var pooledWidth: Int? { nil }
  public var vectorWidths: [Int] { [] }

  public func check(clipSkip: Int?) throws(GenerationError) {
    guard let clipSkip, clipSkip != 0 else { return }
    throw .badValue(
      name: "--clip-skip", value: "\(clipSkip)", reason: "the model has no text encoder: it is told classes")
  }

  public func encode(
    _ texts: [String], clipSkip: Int?, _ reading: TextReading, _ memory: inout TextMemory
  ) throws -> [NetworkConditioning] {
    try texts.map { NetworkConditioning(classes: [try index(of: $0)]) }
  }

  public func nothing(like told: NetworkConditioning) -> NetworkConditioning? {
    noClass.map { NetworkConditioning(classes: [$0]) }
  }

  /// The class a text names: by one of its names, or by its number. The empty text is none.
  private func index(of text: String) throws(GenerationError) -> Int {
    func words(_ text: some StringProtocol) -> String { text.lowercased().split(separator: " ").joined(separator: " ") }
    let wanted = words(text)
    if wanted.isEmpty, let noClass { return noClass }
    let found = names.firstIndex { name in
      words(name) == wanted || name.split(separator: ",").contains { words($0) == wanted }
    }
    if let found { return found }
    if let number = Int(wanted), names.indices.contains(number) { return number }
    let shown = names.prefix(Self.shown).joined(separator: "; ")
    throw .badValue(
      name: "the prompt", value: "\"\(text.prefix(60))\"",
      reason: "names no class of the model, which knows \(shown)"
        + (names.count > Self.shown ? " and \(names.count - Self.shown) more" : ""))
  }

  /// Names a message lists.
  private static let shown = 20
}
