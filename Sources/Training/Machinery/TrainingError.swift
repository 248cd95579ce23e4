/// Why a training run stopped.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// A value became NaN or infinite; the last good checkpoint is untouched.
  case nonFinite(step: Int, tensor: String, lastGood: String)
  case wrongState(path: String, reason: String)
  case badRecipe(path: String, reason: String)
  case badFolder(path: String, reason: String)
  case noData(path: String, reason: String)
  case selfCheck(recipe: String, reason: String)

  public var description: String {
    switch self {
    case .nonFinite(let step, let tensor, let lastGood):
      "step \(step): \(tensor) is not finite; stopped. Last good state: \(lastGood). Try a lower learning rate"
    case .wrongState(let path, let reason):
      "\(path): \(reason). Start a new run folder, or resume with the recipe that made it"
    case .badRecipe(let path, let reason): "\(path): \(reason)"
    case .badFolder(let path, let reason): "\(path): \(reason)"
    case .noData(let path, let reason): "\(path): \(reason)"
    case .selfCheck(let recipe, let reason): "\(recipe): the check at the end failed: \(reason)"
    }
  }
}
