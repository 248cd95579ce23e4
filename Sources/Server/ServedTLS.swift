import Hummingbird
import HummingbirdCore

#if TLS
  import HummingbirdTLS

  /// HTTPS.
  enum ServedTLS {
    /// A server that speaks HTTPS.
    /// - Parameters:
    ///   - server: what speaks HTTP below it.
    ///   - certificate: the file of the certificate's chain, PEM.
    ///   - key: the file of its key, PEM.
    /// - Throws: what is wrong with the files.
    static func server(_ server: HTTPServerBuilder, certificate: String, key: String) throws -> HTTPServerBuilder {
      let configuration: TLSConfiguration
      do {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate)
        configuration = .makeServerConfiguration(
          certificateChain: chain.map { .certificate($0) },
          privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
      } catch {
        throw APIError(.badRequest, "\(certificate), \(key): are no certificate and key in PEM that can be read")
      }
      return try .tls(server, tlsConfiguration: configuration)
    }
  }
#else
  /// What stands for HTTPS in a program built without the package's trait `TLS`, whose library takes two minutes to build.
  enum ServedTLS {
    /// - Throws: always, with what to do.
    static func server(_ server: HTTPServerBuilder, certificate: String, key: String) throws -> HTTPServerBuilder {
      throw APIError(
        .badRequest,
        "\(certificate): this program was built without HTTPS: `make build TLS=1` adds it, or put a server that speaks it "
          + "in front")
    }
  }
#endif
