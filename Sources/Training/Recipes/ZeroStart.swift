import NN

/// A start at which a network does nothing yet: the last layer of each residual branch and of the whole are zero.
///
/// Gradients reach every block from the first steps, and deep layers join in as they learn something worth adding.
/// Source: Ho et al. 2020's code (`models/unet.py`, `init_scale=0.`) and Dhariwal & Nichol 2021's (`unet.py`,
/// `zero_module`): the second convolution of residual blocks, the projection behind attention, the last convolution.
package enum ZeroStart {
  private static let ends = [".conv2.weight", ".conv2.bias", ".proj_out.weight", ".proj_out.bias"]
  private static let last = ["conv_out.weight", "conv_out.bias"]

  /// Whether a parameter of a U-Net is such an end.
  package static func isEnd(_ name: String) -> Bool { last.contains(name) || ends.contains { name.hasSuffix($0) } }

  /// Sets these parameters of a fresh U-Net to zero.
  package static func apply(_ parameters: [Parameter]) {
    for parameter in parameters where isEnd(parameter.name) { parameter.replace(with: .zeros(parameter.shape)) }
  }
}
