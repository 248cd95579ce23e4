/// How the factors of matrix products and convolutions are held while a network runs.
public enum ProductArithmetic: Sendable {
  /// In the type of the activations.
  case activations
  /// In 8 bits: every row of activations and every output channel has a scale of its own (its largest magnitude becomes
  /// 127), sums are exact integers, results have the type of the activations, which must be bf16. Products with fewer than
  /// 64 channels on a side and convolutions other than 1×1 and 3×3 with stride 1 stay as they are.
  case int8

  /// What the products of the current scope use.
  @TaskLocal public static var current: ProductArithmetic = .activations
}
