import Checkpoints
import Evaluation
import Images
import TensorCore
import TestSupport
import Testing

/// Formulas against scipy, torch-fidelity and scikit-image (`Fixtures/evaluation/make_fixtures.py`).
@Suite struct MetricTests {
  private let stored: TensorFile

  init() throws { stored = try TensorFile(fixtureURL("evaluation/metrics.safetensors")) }

  private func matrix(_ name: String) throws -> DoubleMatrix { DoubleMatrix(try stored.tensor(name)) }

  /// The stored number is a float32.
  private func expect(
    _ value: Double, _ name: String, tolerance: Double = 1e-6, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = Double(try stored.tensor(name).scalar)
    #expect(
      abs(value - expected) <= tolerance * max(abs(expected), 1e-3), "\(name): \(value), expected \(expected)",
      sourceLocation: sourceLocation)
  }

  @Test func frechetDistance() throws {
    try expect(FrechetDistance.distance(matrix("a"), matrix("b")), "frechet")
    // Square roots of what is zero but for rounding: 1e-8 of the covariances.
    try expect(FrechetDistance.distance(matrix("c"), matrix("d")), "frechet_flat", tolerance: 1e-5)
    #expect(abs(FrechetDistance.distance(try matrix("a"), try matrix("a"))) < 1e-9)
    let estimate = FrechetDistance.estimate(try matrix("a"), try matrix("b"), Resampling())
    try expect(estimate.value, "frechet")
    #expect(estimate.low < estimate.value && estimate.value < estimate.high)
  }

  @Test func kernelDistance() throws {
    let a = try matrix("a")
    let first = DoubleMatrix(rows: 37, columns: a.columns, Array(a.values.prefix(37 * a.columns)))
    try expect(KernelDistance.distance(first, matrix("b")), "kernel", tolerance: 1e-5)
    // Dealing into groups changes nothing of the whole.
    let estimate = KernelDistance.estimate(first, try matrix("b"), Resampling())
    try expect(estimate.value, "kernel", tolerance: 1e-5)
    #expect(estimate.low < estimate.value && estimate.value < estimate.high)
  }

  @Test func precisionAndRecall() throws {
    let inside = PrecisionRecall.inside(generated: try matrix("a"), real: try matrix("b"))
    #expect(inside.precision.count == 40 && inside.recall.count == 37)
    try expect(inside.precision.reduce(0, +) / 40, "precision")
    try expect(inside.recall.reduce(0, +) / 37, "recall")
  }

  @Test func inceptionScore() throws {
    let logits = try matrix("logits")
    try expect(InceptionScore.score(logits), "inception_1")
    try expect(InceptionScore.score(logits, splits: 3), "inception_3")
    let estimate = InceptionScore.estimate(logits, Resampling())
    try expect(estimate.value, "inception_1")
    #expect(estimate.low < estimate.value && estimate.value < estimate.high)
  }

  @Test func picturesPixelByPixelAndInStructure() throws {
    func picture(_ name: String) throws -> Image {
      let values = try stored.tensor(name)
      return Image(
        width: values.shape[1], height: values.shape[0], channels: values.shape[2],
        pixels: values.floats().map { UInt8($0) })
    }
    let (first, second) = (try picture("picture"), try picture("other"))
    try expect(PictureSimilarity.psnr(first, second), "psnr")
    try expect(PictureSimilarity.ssim(first, second), "ssim")
    #expect(PictureSimilarity.psnr(first, first) == .infinity)
    #expect(abs(PictureSimilarity.ssim(first, first) - 1) < 1e-12)
  }

  @Test func ridgeRegression() throws {
    let (x, y) = (try matrix("a"), try matrix("targets"))
    let fit = RidgeRegression(x, y)
    #expect(fit.strength == Double(try stored.tensor("ridge_strength").scalar) || abs(fit.strength - 0.1) < 1e-6)
    var fitted = DoubleMatrix.product(x, fit.weights)
    for at in fitted.values.indices { fitted.values[at] += fit.bias[at % y.columns] }
    expectClose(fitted.values.map { Float($0) }, try stored.tensor("ridge").floats(), atol: 1e-5, "fitted")
  }

  @Test func agreementIsTheCosine() {
    let pictures = DoubleMatrix(rows: 2, columns: 2, [1, 0, 0, 2])
    let texts = DoubleMatrix(rows: 2, columns: 2, [1, 1, 0, 5])
    let (own, others) = Agreement.cosines(pictures: pictures, texts: texts)
    #expect(zip(own, [(0.5).squareRoot(), 1.0]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(zip(others, [0.0, (0.5).squareRoot()]).allSatisfy { abs($0 - $1) < 1e-12 })
  }
}
