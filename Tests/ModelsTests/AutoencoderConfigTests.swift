import Foundation
import Models
import Testing

@Suite struct AutoencoderConfigTests {
  /// diffusers takes an autoencoder of one block where the kinds of the blocks are missing.
  @Test func writesTheKindsOfItsBlocks() throws {
    var config = AutoencoderKLConfig()
    config.blockOutChannels = [32, 64, 96]
    config.shiftFactor = 0.1
    let data = try JSONEncoder().encode(config)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["down_block_types"] as? [String] == Array(repeating: "DownEncoderBlock2D", count: 3))
    #expect(object["up_block_types"] as? [String] == Array(repeating: "UpDecoderBlock2D", count: 3))
    #expect(try JSONDecoder().decode(AutoencoderKLConfig.self, from: data) == config)
  }
}
