import Models

/// What is wrong with an arithmetic for training.
enum PrecisionProblem {
  static func of(_ precision: Precision) -> RecipeProblem? {
    precision == .int8 ? RecipeProblem("precision", "int8 draws pictures; training takes f32 or bf16") : nil
  }
}
