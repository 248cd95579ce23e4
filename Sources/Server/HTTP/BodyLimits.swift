/// How much a request may hold.
package enum BodyLimits {
  /// Bytes of a request's body. A picture of 24 MB is a third longer in base64.
  package static let bytes = 32 << 20
  /// Bytes of the bodies that are read at the same time.
  static let together = 8 * bytes

  /// What a longer one is answered with.
  static let tooLarge = "the body is longer than \(bytes >> 20) MiB: send smaller pictures"
}
