import com.github.luben.zstd.ZstdInputStream;
import java.io.FileInputStream;
import java.util.HexFormat;
import java.security.MessageDigest;

/** Prints the SHA-256 of what a zstd file holds. */
public class ReadZstd {
  public static void main(String[] args) throws Exception {
    try (var file = new ZstdInputStream(new FileInputStream(args[0]))) {
      System.out.println(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(file.readAllBytes())));
    }
  }
}
