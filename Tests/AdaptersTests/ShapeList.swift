import Foundation
import NN
import TensorCore
import TestSupport

/// Names and shapes of a network without values: enough to find what an adapter changes.
struct ShapeList: ParameterSource {
  let description = "shapes"
  let shapes: [String: [Int]]

  init(_ shapes: [String: [Int]]) { self.shapes = shapes }

  /// The published SD 1.5 network of `Fixtures/reference/keys`.
  init(published name: String) throws {
    let text = try String(contentsOf: fixtureURL("reference/keys/\(name).tsv"), encoding: .utf8)
    let pairs = text.split(separator: "\n").compactMap { line -> (String, [Int])? in
      let parts = line.split(separator: "\t")
      guard parts.count >= 2 else { return nil }
      return (String(parts[0]), parts[1].split { !$0.isNumber }.compactMap { Int($0) })
    }
    shapes = Dictionary(uniqueKeysWithValues: pairs)
  }

  var keys: [String] { shapes.keys.sorted() }
  func shape(of key: String) -> [Int]? { shapes[key] }
  func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? { nil }
}
