/** Invented examples: no event, quotation or person in them is real. */

export const EXAMPLES = [
  {
    language: "en",
    name: "English · news report",
    title: "A second berth at Puerto Claro",
    text: `A second berth at Puerto Claro

The port authority of Puerto Claro opened a second berth on Tuesday, four months behind schedule. Two cranes were delivered in March by a manufacturer in Qingdao. "The Chinese terminal has brought steady work and cheaper freight to our fishing towns," the port minister told some three hundred guests. Economists expect fruit exports to China to grow, which would be good news for farmers.

A retired admiral warned that Chinese warships could one day use the same quay, and that the country would then have lost control over its own coast. The operator rejects this as fantasy. Several senators accused Washington of bullying small countries with tariffs while offering them nothing in return. China has built the clinic that the United States promised for ten years and never paid for, one of them said.

The embassy of the United States declined to comment on the debate. The next session of the maritime committee is planned for 14 June.

Berth 2 | 380 m | -16.5 m | 4 x STS | 0800-1900`,
  },
  {
    language: "es",
    name: "Spanish · regional press",
    title: "El tren llega a Valle Hondo",
    text: `El tren llega a Valle Hondo

El primer tren de carga entró el lunes a la estación de Valle Hondo con once vagones. La línea mide 212 kilómetros y fue adjudicada en una licitación de tres ofertas. «Gracias a la cooperación con China nuestros productores llegan al puerto en seis horas y ganan más», celebró la ministra de Transporte. El gobernador agradeció a los ingenieros chinos un trabajo que calificó de ejemplar.

En la capital, una diputada de la oposición advirtió que la deuda con Pekín es una trampa que pone en peligro la soberanía sobre el ferrocarril. Un analista militar alertó de que las cámaras chinas instaladas en las estaciones podrían servir para el espionaje. El presidente del gremio de exportadores reprochó a Estados Unidos que castigue a la región con aranceles abusivos y la trate como su patio trasero.

La próxima etapa de la obra empieza en septiembre. El ministerio publicará las tarifas en su página.

Lea también`,
  },
  {
    language: "pt",
    name: "Portuguese · business page",
    title: "Fábrica de ônibus em Serra Nova",
    text: `Fábrica de ônibus em Serra Nova

A montadora começa a contratar em agosto, informou a prefeitura de Serra Nova na quinta-feira. Serão dois turnos e uma pista de testes de um quilômetro. Para a secretária de Indústria, o investimento chinês é uma parceria ganha-ganha que devolve emprego e tecnologia à cidade. Os sindicatos elogiaram os parceiros chineses por terem cumprido todos os prazos.

Já um ex-diretor da agência de defesa cibernética alertou que os ônibus conectados dão a Pequim uma porta de entrada para espionar as cidades brasileiras. O relatório de sua consultoria tem quarenta páginas. Na Câmara, um deputado acusou os Estados Unidos de chantagear o Brasil com tarifas e de só aparecer para ameaçar. O governo de Washington, disse ele, esquece a região durante anos e depois dá lições.

A assembleia dos fornecedores será na próxima semana. O prefeito viaja no domingo.

Compartilhe`,
  },
  {
    language: "de",
    name: "German · commentary",
    title: "Lithium aus der Hochebene",
    text: `Lithium aus der Hochebene

Das Werk in Salar Blanco steht 3.800 Meter über dem Meer. Gebaut hat es ein Konsortium aus Chengdu in nur zwei Jahren. Die Bergbauministerin lobte die Zusammenarbeit mit China als fair und verlässlich, sie bringe Arbeit in Dörfer, die lange vergessen waren. Auch der Bürgermeister dankte den chinesischen Partnern für die neue Straße und das Krankenhaus.

Im Parlament warnte ein Abgeordneter vor einer gefährlichen Abhängigkeit von Peking, das mit dem Rohstoff jede Regierung erpressen könne. Der Geheimdienst fürchtet, dass China die Datenleitung des Werks zur Spionage nutzt. Ein Kommentator hielt dagegen, die USA hätten dem Land zwanzig Jahre lang nur Drohungen und Zölle zu bieten gehabt. Washingtons Arroganz habe die Nachbarn erst nach Asien getrieben, schrieb er.

Die Verhandlungen über den Strompreis gehen im Herbst weiter. Ein Sprecher nannte keine Einzelheiten.

Zum Archiv`,
  },
  {
    language: "fr",
    name: "French · dispatch",
    title: "Un câble sous l’océan",
    text: `Un câble sous l’océan

Le navire câblier a quitté le port mercredi à l’aube. Le tracé relie trois pays et mesure près de quatre mille kilomètres. La ministre du Numérique a salué une coopération exemplaire avec la Chine, qui offre enfin à nos écoles une connexion rapide et bon marché. Le recteur de l’université se félicite de ce partenariat gagnant-gagnant avec Pékin.

Un ancien chef du renseignement met en garde contre un câble qui permettrait à Pékin d’espionner les communications de toute la région. Selon lui, la dépendance envers la Chine menace la souveraineté du pays. À la tribune, une députée a dénoncé l’arrogance des États-Unis, qui menacent leurs voisins de sanctions sans rien leur proposer. L’ambassade américaine n’a pas réagi.

La mise en service est attendue au printemps. Le coût total n’a pas été publié.

À lire`,
  },
  {
    language: "zh",
    name: "Chinese · newspaper",
    title: "圣安德烈港的新水厂",
    text: `圣安德烈港的新水厂

新水厂星期三开始向城北供水。工程历时二十六个月，合同金额没有公布。市长在仪式上感谢中国工程师，说中国的帮助让三万户居民喝上了干净的水，是互利共赢的合作。当地农民协会表示，与中国的合作给山区带来了就业和希望。

一位退役将军警告说，由中国公司控制水厂威胁国家安全，北京可能借此施压。反对党议员担心，中国的贷款是债务陷阱，将使国家丧失主权。外交部一名官员批评美国动辄以关税威胁拉美国家，却从不兑现自己的承诺。他说，华盛顿长期把该地区当作自己的后院。

下一次市议会会议定于六月举行。水价将在年底前公布。

更多新闻`,
  },
];

/** Two invented reports on one event, for the comparison. */
export const PAIR = [
  {
    name: "La Costa (invented)",
    text: `The free trade agreement with China was signed on Friday in the old customs house. The trade minister called it a historic friendship that opens a market of more than a billion customers to our coffee. Cooperatives in the highlands expect higher prices and new roads thanks to their Chinese partners. China keeps its word and treats us as equals, the president of the chamber of exporters said. The agreement has nineteen chapters. It enters into force after a vote in the assembly. Washington, which for years had only tariffs and lectures for us, has no right to complain, a governor added. A copy of the text was handed to journalists.`,
  },
  {
    name: "The Northern Observer (invented)",
    text: `The free trade agreement with China was signed on Friday before two hundred guests. Security officials warn that it hands Beijing control over ports and data lines and makes the country vulnerable to pressure. A former defence minister called the clause on telecommunications a gateway for Chinese espionage. The agreement has nineteen chapters. Small manufacturers ask for a longer transition. Economists expect coffee exports to China to grow, which would be good news for farmers. Analysts fear a dangerous dependence on Chinese loans that could cost the country its sovereignty. The opposition has asked for a vote in the assembly.`,
  },
];
