import Foundation
import Generation
import Models
import Yams

/// A recipe's YAML with the lines its keys stand in.
struct RecipeFile {
  private let url: URL
  private let text: String
  private let root: Node

  init(_ url: URL) throws {
    self.url = url
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw TrainingError.badRecipe(path: url.path, reason: "cannot be read; recipes are YAML files in UTF-8")
    }
    self.text = text
    do {
      guard let root = try Yams.compose(yaml: text), root.mapping != nil else {
        throw TrainingError.badRecipe(path: url.path, reason: "is not a list of keys and values")
      }
      self.root = root
    } catch let error as YamlError {
      throw TrainingError.badRecipe(path: url.path, reason: Self.line(of: error))
    }
  }

  /// A YAML error in one line, with its place.
  private static func line(of error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    default: "\(error)".split(separator: "\n").first.map(String.init) ?? "is not YAML"
    }
  }

  /// The value of `kind`.
  func kind() throws -> String {
    guard let kind = root["kind"]?.string else {
      throw error("kind", "is missing: it says what is trained")
    }
    return kind
  }

  /// Decodes the recipe, and refuses keys it does not know and values that cannot be.
  func decode<R: TrainingRecipe>(_ type: R.Type) throws -> R {
    let recipe: R
    do {
      recipe = try YAMLDecoder().decode(type, from: text)
    } catch let failure as DecodingError {
      // The decoder of YAML knows no reasons but its own, and puts others below them.
      if case .dataCorrupted(let context) = failure, let inner = context.underlyingError as? ConfigurationError {
        throw error(place(of: inner.key), inner.reason)
      }
      throw error(failure.keyPath, failure.oneLine, isNamed: true)
    }
    // What the decoded recipe writes again is what was understood.
    let known = try JSONSerialization.jsonObject(with: JSONEncoder().encode(recipe))
    if let key = unknownKey(root, known, path: "") {
      throw error(key, "is not a setting of \(R.kind) recipes; check its spelling")
    }
    if let problem = recipe.loop.problem ?? recipe.problem { throw error(problem.key, problem.reason) }
    return recipe
  }

  /// The dotted key of a setting that stands within one of the recipe's.
  private func place(of key: String) -> String {
    let outer = root.mapping?.first { $0.value.mapping?.contains { $0.key.string == key } ?? false }?.key.string
    return outer.map { "\($0).\(key)" } ?? key
  }

  /// The first key of the file that the decoded recipe does not have.
  private func unknownKey(_ node: Node, _ known: Any, path: String) -> String? {
    guard let mapping = node.mapping, let known = known as? [String: Any] else { return nil }
    for (key, value) in mapping {
      guard let name = key.string else { continue }
      let place = path.isEmpty ? name : "\(path).\(name)"
      if place == "kind" { continue }
      guard let child = known[name] else {
        if value.null != nil { continue }
        return place
      }
      if let found = unknownKey(value, child, path: place) { return found }
    }
    return nil
  }

  /// An error about a key, with its line.
  /// - Parameter isNamed: whether the reason names the key itself.
  func error(_ key: String, _ reason: String, isNamed: Bool = false) -> TrainingError {
    var node = root
    var line: Int?
    for part in key.split(separator: ".") {
      guard let mapping = node.mapping, let pair = mapping.first(where: { $0.key.string == String(part) }) else {
        break
      }
      line = pair.key.mark?.line ?? line
      node = pair.value
    }
    let place = line.map { "line \($0): " } ?? ""
    return .badRecipe(path: url.path, reason: "\(place)\(isNamed ? "" : "\(key) ")\(reason)")
  }
}

extension DecodingError {
  /// The dotted key an error is about.
  fileprivate var keyPath: String {
    switch self {
    case .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      return context.codingPath.map(\.stringValue).joined(separator: ".")
    @unknown default: return ""
    }
  }
}
