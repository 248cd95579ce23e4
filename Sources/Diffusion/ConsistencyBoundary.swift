/// What makes a network's clean sample a consistency function, which gives the sample itself where there is no noise left:
/// `f(x, t) = c_skip(t) x + c_out(t) D(x, t)` (Song et al. 2023, eq. 5; Luo et al. 2023, §4.1).
package struct ConsistencyBoundary: Sendable, Equatable {
  package let skip, out: Double

  /// Deviation of the data the formula takes.
  private static let data = 0.5

  /// - Parameters:
  ///   - timestep: of training.
  ///   - scaling: what it is multiplied by, diffusers' `timestep_scaling`.
  package init(timestep: Double, scaling: Double) {
    let scaled = timestep * scaling
    let size = scaled * scaled + Self.data * Self.data
    (skip, out) = (Self.data * Self.data / size, scaled / size.squareRoot())
  }
}
