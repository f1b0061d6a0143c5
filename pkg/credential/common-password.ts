/**
 * The passwords of eight and more characters that stand first in every list of what was found in leaks,
 * in lower case. Shorter ones are refused anyway.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
  12345678 123456789 1234567890 12345678910 123123123 0123456789 987654321 9876543210 87654321
  147258369 123654789 741852963 789456123 1234qwer 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc q1w2e3r4
  q1w2e3r4t5 qwer1234 qwert123 qwerty12 qwerty123 qwerty1234 qwertyui qwertyuiop qwertyuiop123 asdfghjk
  asdfghjkl asdf1234 zaq12wsx zxcvbnm1 zxcvbnm123 abc12345 abcd1234 abcdefgh a1b2c3d4 a1234567 a12345678
  aa123456 aa12345678 password password1 password12 password123 password1234 password! password1!
  passw0rd p@ssw0rd p@ssword pa55word passwort passwort1 motdepasse contraseña senha123 iloveyou
  iloveyou1 iloveyou2 ilovegod loveyou1 princess princess1 sunshine sunshine1 football football1 baseball
  baseball1 basketball superman superman1 spiderman batman123 starwars pokemon1 naruto123 dragon123
  monkey123 master123 shadow123 michael1 jennifer jordan23 ashley123 charlie1 jessica1 michelle
  danielle victoria samantha alexander liverpool liverpool1 arsenal1 chelsea1 barcelona juventus
  computer internet samsung1 whatever trustno1 letmein1 letmein123 welcome1 welcome123 welcome1!
  changeme changeme1 changeme123 default1 administrator admin123 admin1234 admin12345 adminadmin
  root1234 rootroot test1234 testtest test12345 testing1 user1234 guest123 guestguest demo1234
  secret12 secret123 access14 mustang1 corvette mercedes ferrari1 yamaha123 hello123 helloworld
  iloveyou! blink182 chocolate butterfly cheese123 cookie123 freedom1 winter2023 summer2023 spring2024
  winter2024 summer2024 autumn2024 winter2025 summer2025 spring2025 january1 november september
  qazwsxedc qazwsx123 google123 facebook facebook1 linkedin instagram tillbook tillbook1 tillbook123
  `
    .trim()
    .split(/\s+/),
)
