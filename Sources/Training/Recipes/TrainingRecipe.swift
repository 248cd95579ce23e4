import Foundation
import Synchronization

/// A kind of training run, described by a YAML file. A new kind is a type of its own, and a line in `Recipes.ownKinds` or, where a
/// target above this one has it, a call of `Recipes.register`.
public protocol TrainingRecipe: Codable, Sendable {
  /// The file's `kind`.
  static var kind: String { get }

  var name: String { get }
  var loop: LoopSettings { get }

  /// Keys that decide nothing of what is learnt, besides the loop's.
  static var incidental: [String] { get }

  /// The first value that cannot be, by its dotted key, with the reason.
  var problem: RecipeProblem? { get }

  /// Trains, or goes on training, and writes what was learnt.
  /// - Parameter folder: log, state, samples and results.
  func run(in folder: URL, _ context: RunContext) throws
}

/// A value that cannot be.
public struct RecipeProblem: Error, Sendable, Equatable {
  public let key, reason: String

  public init(_ key: String, _ reason: String) { (self.key, self.reason) = (key, reason) }

  /// What must hold of a key's value.
  package typealias Rule = (holds: Bool, key: String, reason: String)

  /// The first rule that does not hold.
  package static func first(_ rules: [Rule]) -> RecipeProblem? {
    rules.first { !$0.holds }.map { RecipeProblem($0.key, $0.reason) }
  }
}

extension TrainingRecipe {
  public static var incidental: [String] { [] }
  public var problem: RecipeProblem? { nil }

  /// What decides the result.
  package func identity(facts: [String: String] = [:]) throws -> RunIdentity {
    let data = DataRecipe.incidental.map { "data.\($0)" }
    return try RunIdentity(
      of: self, ignoring: LoopSettings.incidental + Self.incidental + data + ["name"], facts: facts)
  }
}

/// The kinds of recipes there are, and reading them.
public enum Recipes {
  private static let ownKinds: [any TrainingRecipe.Type] = [
    AutoencoderRecipe.self, TextToImageRecipe.self, UnconditionalRecipe.self, ClassConditionalRecipe.self,
    ClassifierRecipe.self, ContrastiveRecipe.self, CircleRecipe.self, FineTuningRecipe.self, DiTRecipe.self,
  ]
  private static let handedIn = Mutex<[any TrainingRecipe.Type]>([])

  /// All of them.
  public static var kinds: [any TrainingRecipe.Type] { ownKinds + handedIn.withLock { $0 } }

  /// Makes a kind known that training itself does not have, before a recipe is read; one that is known stays.
  public static func register(_ kind: any TrainingRecipe.Type) {
    guard !kinds.contains(where: { $0.kind == kind.kind }) else { return }
    handedIn.withLock { $0.append(kind) }
  }

  /// Reads a recipe file strictly: every key has to be known.
  public static func read(_ url: URL) throws -> any TrainingRecipe {
    let file = try RecipeFile(url)
    let name = try file.kind()
    guard let kind = kinds.first(where: { $0.kind == name }) else {
      throw file.error("kind", "\"\(name)\" is none of \(kinds.map { $0.kind }.joined(separator: ", "))")
    }
    return try file.decode(kind)
  }
}
