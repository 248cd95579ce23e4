import Checkpoints
import Foundation

/// What became of one adapter file: for the user to see that it does what they think.
public struct AdapterReport: Sendable, Equatable, Codable {
  public let path: String
  public let format: AdapterFormat
  /// The model the adapter was made for.
  public let base: AdapterBase
  public let weight: Float
  public let textWeight: Float
  /// Changed modules by kind: LoRA, LoCon, LoHa, LoKr, DoRA, full difference.
  public internal(set) var kinds: [String: Int] = [:]
  /// Changed modules by network.
  public internal(set) var modules: [String: Int] = [:]
  /// The ranks that occur, ascending.
  public internal(set) var ranks: [Int] = []
  /// The alphas the file stores, ascending; empty if it stores none, which means alpha = rank.
  public internal(set) var alphas: [Float] = []
  public internal(set) var matchedKeys = 0
  /// Keys that belong to no module of the model.
  public internal(set) var unusedKeys: [String] = []
  /// Keys of textual inversions that came with the adapter.
  public let embeddings: [String]
  /// What a person should know about the file.
  public let notes: [String]

  init(_ file: AdapterFile, _ request: AdapterRequest) {
    (path, format, base, embeddings) = (file.path, file.format, file.base, file.embeddings)
    notes = file.notes
    (weight, textWeight) = (request.weight(for: .unet), request.weight(for: .textEncoder))
    unusedKeys = file.unrecognized
  }

  /// Notes a module that was found.
  mutating func add(_ changes: AdapterModule.Changes, keys: Int, network: ModelPart) {
    matchedKeys += keys
    modules[network.rawValue, default: 0] += 1
    kinds[(changes.weight ?? changes.bias)?.kind ?? "", default: 0] += 1
    if let rank = changes.rank, !ranks.contains(rank) { ranks = (ranks + [rank]).sorted() }
    if let alpha = changes.alpha, !alphas.contains(alpha) { alphas = (alphas + [alpha]).sorted() }
  }

  /// One line: what the file is and how much of it is used.
  public var summary: String {
    let name = URL(fileURLWithPath: path).lastPathComponent
    let kind = kinds.sorted { $0.key < $1.key }.map { kinds.count > 1 ? "\($0.value) \($0.key)" : $0.key }
    let places = ModelPart.adapted.compactMap { network in
      modules[network.rawValue].map { "\($0) in \(network.rawValue)" }
    }
    var parts = ["\(format.rawValue) \(kind.joined(separator: " + ")) for \(base.family?.rawValue ?? base.description)"]
    if !ranks.isEmpty { parts.append("rank \(Self.list(ranks))") }
    if !alphas.isEmpty { parts.append("alpha \(Self.list(alphas))") }
    parts.append(
      "\(matchedKeys) of \(matchedKeys + unusedKeys.count) keys used (modules: \(places.joined(separator: ", ")))")
    parts.append("weight \(weight)" + (textWeight == weight ? "" : ", text \(textWeight)"))
    if !embeddings.isEmpty { parts.append("\(embeddings.count) embeddings inside") }
    return "\(name.oneLine): " + parts.joined(separator: ", ")
  }

  /// All a person is told: the warning or the summary, and the file's notes.
  public var lines: [String] { [warning ?? summary] + notes }

  /// A line about keys that were left over; nil if none was.
  public var warning: String? {
    guard !unusedKeys.isEmpty else { return nil }
    let shown = unusedKeys.prefix(4).map(\.oneLine).joined(separator: ", ")
    let more = unusedKeys.count > 4 ? " and \(unusedKeys.count - 4) more" : ""
    return "\(path): \(unusedKeys.count) keys fit nothing in this model: \(shown)\(more)"
  }

  private static func list(_ values: [some CustomStringConvertible]) -> String {
    values.count > 4
      ? "\(values[0]) to \(values[values.count - 1])" : values.map(\.description).joined(separator: ", ")
  }
}
