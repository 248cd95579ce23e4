import Generation
import Images
import Models

extension JudgedPictures {
  /// The same with every second picture as a model's autoencoder gives it back, brought to the model's size.
  ///
  /// All that a latent model draws has gone through its decoder: a judge that never saw what that does to a picture takes
  /// it for something else.
  /// - Throws: `GenerationError` for an autoencoder that cannot encode.
  public func half(through components: PipelineComponents, precision: Precision) throws -> JudgedPictures {
    try components.autoencoder.requireEncoder()
    let codec = LatentCodec(components.autoencoder, precision: precision)
    let side = components.defaultSize
    return JudgedPictures(place: place, names: names, captions: captions, truths: truths) { index in
      let image = try self.image(index)
      guard index % 2 == 1 else { return image }
      return try codec.givenBack(image.square(side))
    }
  }
}

extension LatentCodec {
  /// What the decoder makes of the encoder's mean for a picture.
  func givenBack(_ image: Image) throws -> Image {
    let encoded = try distribution(ImageTensor.pack([image]))
    return ImageTensor.images(try decode(scaled(encoded.mean)))[0]
  }
}
