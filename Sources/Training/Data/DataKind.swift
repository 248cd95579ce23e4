import Foundation
import Synchronization

/// A kind of data that a recipe names and that is not files: training knows nothing of how its pictures are made.
/// Programs hand in what they link, before a recipe is read.
public struct DataKind: Sendable {
  public let name: String
  /// Whether `path` says where it lies; what is drawn from numbers lies nowhere.
  let hasPath: Bool
  let problem: @Sendable (DataRecipe) -> RecipeProblem?
  let open: @Sendable (DataRecipe, URL, (String) -> Void) throws -> any CaptionedImages

  /// - Parameters:
  ///   - hasPath: whether a recipe has to say where it lies.
  ///   - problem: what is wrong with a recipe's data of this kind, by its settings alone.
  ///   - open: makes the data set at a place; tells what it goes without.
  public init(
    name: String, hasPath: Bool = true, problem: @escaping @Sendable (DataRecipe) -> RecipeProblem?,
    open: @escaping @Sendable (DataRecipe, URL, (String) -> Void) throws -> any CaptionedImages
  ) {
    (self.name, self.hasPath, self.problem, self.open) = (name, hasPath, problem, open)
  }

  private static let handedIn = Mutex<[String: DataKind]>([:])

  /// Makes a kind known; the last one of a name counts.
  public static func register(_ kind: DataKind) { handedIn.withLock { $0[kind.name] = kind } }

  static func named(_ name: String) -> DataKind? { handedIn.withLock { $0[name] } }

  /// Names a recipe may give.
  static var names: [String] {
    [DataRecipe.Kind.folder, .published].map(\.rawValue) + handedIn.withLock { $0.keys.sorted() }
  }
}
