import TensorCore

/// How well pictures fit their texts, by a network that puts both into one space (as CLIPScore, Hessel et al. 2021).
public enum Agreement {
  /// Cosines between each picture and its own text, and, as what chance gives, the next picture's.
  /// - Parameters:
  ///   - pictures: `[n, d]`.
  ///   - texts: `[n, d]`.
  public static func cosines(pictures: DoubleMatrix, texts: DoubleMatrix) -> (own: [Double], others: [Double]) {
    precondition(
      pictures.rows == texts.rows && pictures.columns == texts.columns,
      "agreement of \(pictures.rows)×\(pictures.columns) and \(texts.rows)×\(texts.columns)")
    let (a, b) = (pictures.rowSquares, texts.rowSquares)
    func cosine(_ picture: Int, _ text: Int) -> Double {
      let product = zip(pictures.row(picture), texts.row(text)).reduce(0) { $0 + $1.0 * $1.1 }
      return product / max((a[picture] * b[text]).squareRoot(), 1e-12)
    }
    let all = 0..<pictures.rows
    return (
      all.map { cosine($0, $0) }, pictures.rows > 1 ? all.map { cosine($0, ($0 + 1) % pictures.rows) } : []
    )
  }
}
