import Models

/// What is wrong with an arithmetic for training.
package enum PrecisionProblem {
  package static func of(_ precision: Precision) -> RecipeProblem? {
    precision == .int8 ? RecipeProblem("precision", "int8 draws pictures; training takes f32 or bf16") : nil
  }
}
